"""Small networks for small pictures: a LeNet for Fashion-MNIST, a narrow ResNet for CIFAR-10."""
