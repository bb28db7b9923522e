"""What a page lets a person choose beside the form: the model, the picture, how a map is drawn."""
