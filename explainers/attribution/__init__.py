"""Where does it look? Grad-CAM and its family."""
