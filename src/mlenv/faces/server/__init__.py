"""The server: mlenv's verbs over HTTP for JupyterLab, Notebook 7 and scripts, in Jupyter's own server.

The only part of mlenv that imports ``jupyter_server``; loading it must cost a server's start next to nothing, so what
answers a request is imported with the first one.
"""
