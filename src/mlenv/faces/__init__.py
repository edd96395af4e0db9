"""Ways in: each translates words, clicks or HTTP into calls of the services, and errors back, once."""
