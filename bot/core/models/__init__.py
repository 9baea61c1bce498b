"""What models can be asked for and what that costs; a model is a value, one file each."""
