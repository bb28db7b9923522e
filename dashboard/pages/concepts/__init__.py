"""What does it look for?"""
