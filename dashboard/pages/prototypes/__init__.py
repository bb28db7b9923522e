"""What does it look like? One picture beside its prototypes, all prototypes of a model, and training one."""
