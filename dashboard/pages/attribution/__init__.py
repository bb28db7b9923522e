"""Where does it look? One file a study."""
