"""Plain words for what a concept may be: parts, textures, colours, places and things, none of them long."""

ANIMAL = (
    "an eye", "two eyes", "an ear", "a nose", "a muzzle", "a mouth", "teeth", "a tongue", "whiskers", "a beak",
    "a bill", "a crest", "a horn", "antlers", "a mane", "a neck", "a back", "a belly", "a chest", "a leg", "a paw",
    "a claw", "a hoof", "a foot", "a tail", "a fin", "a wing", "a feather", "a shell", "an antenna", "a head",
    "a face", "fur", "scales", "skin", "wool", "plumage",
)  # fmt: skip
PERSON = (
    "a person", "a hand", "fingers", "an arm", "an elbow", "a shoulder", "hair", "a beard", "a cheek", "lips",
    "glasses", "a hat", "a helmet", "a collar", "a sleeve", "a cuff", "a hem", "a button", "a zip", "a pocket",
    "a seam", "a tie", "a belt", "a shoe", "a sole", "a strap", "a lace", "a print on cloth", "a logo", "a watch",
    "jewellery",
)  # fmt: skip
THING = (
    "a wheel", "a tyre", "a window", "a door", "a roof", "a wall", "a chimney", "a mast", "a sail", "a hull",
    "a headlight", "a bumper", "a windscreen", "a number plate", "a seat", "a handlebar", "a pedal", "a propeller",
    "a cable", "a rope", "a chain", "a handle", "a lid", "a spout", "a blade", "a screw", "a lamp", "a screen",
    "a keyboard", "a key", "a dial", "a clock", "a bottle", "a cup", "a plate", "a bowl", "a spoon", "a box", "a bag",
    "a basket", "a book", "a page", "a frame", "a mirror", "a chair", "a table", "a cushion", "a curtain", "a carpet",
    "a bed", "a fence", "a bridge", "a tower", "a sign", "a badge", "a sticker", "a flag", "a ball", "a net", "a toy",
    "a string", "a hole", "a pipe", "a grille", "a ladder",
)  # fmt: skip
PLACE = (
    "the sky", "a cloud", "the sun", "water", "waves", "a reflection", "sand", "a beach", "grass", "a lawn", "a bush",
    "a tree", "a trunk", "a branch", "leaves", "a flower", "a petal", "a stalk", "fruit", "moss", "a stone", "rock",
    "a mountain", "snow", "ice", "mud", "soil", "a road", "a pavement", "a floor", "a street", "a room", "a kitchen",
    "a forest", "a field", "a river", "a plain background", "a white background", "a black background",
    "a blurred background", "a shadow", "a bright light",
)  # fmt: skip
SURFACE = (
    "stripes", "spots", "dots", "checks", "a grid", "a zigzag", "a spiral", "rings", "a circle", "a triangle",
    "a square", "a cross", "a star", "a heart", "a straight line", "a curve", "an edge", "a corner", "a fold",
    "wrinkles", "cracks", "bubbles", "a honeycomb", "a mesh", "a weave", "knitting", "lace", "letters", "numbers",
    "wood", "metal", "glass", "plastic", "paper", "leather", "cloth", "brick", "concrete", "tiles", "rust",
    "something shiny", "something transparent", "something smooth", "something rough",
)  # fmt: skip
COLOUR = (
    "red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "beige", "white", "grey",
    "black", "gold", "silver", "many colours",
)  # fmt: skip
WORDS = (*ANIMAL, *PERSON, *THING, *PLACE, *SURFACE, *COLOUR)
