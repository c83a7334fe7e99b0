"""Look inside multimodal vision models: what excites a CLIP neuron, measured and shown."""
