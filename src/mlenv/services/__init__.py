"""The story of each verb, one module per verb: take a :class:`~mlenv.services.context.Context`, return a value."""
