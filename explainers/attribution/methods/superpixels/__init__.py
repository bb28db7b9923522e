"""Methods that hide whole areas of a picture in grey and share the score out over them."""
