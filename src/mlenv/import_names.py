"""Which distribution a module comes from, where the two names differ: a small table, no guessing.

Written by hand from the packages' own metadata; it names what notebooks really import. Dotted keys are for namespace
packages (``google.cloud.storage``); the longest matching key counts. A module that neither an installed package nor
this table knows is asked about, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["DISTRIBUTIONS", "ELSEWHERE", "KERNEL_MODULES", "SAME_NAME", "distribution_of", "place_of"]

KERNEL_MODULES = frozenset({"IPython", "ipykernel", "mlenv"})
"""What every kernel of mlenv brings along: a notebook that imports these asks its project for nothing."""

ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "google.colab": "Google Colab",
        "kaggle_datasets": "Kaggle",
        "kaggle_secrets": "Kaggle",
        "kaggle_web_client": "Kaggle",
        "dbruntime": "Databricks",
        "notebookutils": "Microsoft Fabric",
        "js": "Pyodide",
        "pyodide": "Pyodide",
        "pyodide_js": "Pyodide",
        "bpy": "Blender",
        "arcpy": "ArcGIS",
    }
)
"""Modules of a place where notebooks run: no package brings them, and a name on the index is not them."""

DISTRIBUTIONS: Mapping[str, str] = MappingProxyType(
    {
        # images, video, documents
        "PIL": "pillow",
        "cv2": "opencv-python",
        "skimage": "scikit-image",
        "fitz": "PyMuPDF",
        "pymupdf": "PyMuPDF",
        "pdfminer": "pdfminer.six",
        "docx": "python-docx",
        "pptx": "python-pptx",
        "barcode": "python-barcode",
        "cairosvg": "CairoSVG",
        "cairo": "pycairo",
        "wand": "Wand",
        "magic": "python-magic",
        "openslide": "openslide-python",
        # science, statistics, machine learning
        "sklearn": "scikit-learn",
        "sklearn_extra": "scikit-learn-extra",
        "skopt": "scikit-optimize",
        "skbio": "scikit-bio",
        "skfuzzy": "scikit-fuzzy",
        "skrf": "scikit-rf",
        "skmultilearn": "scikit-multilearn",
        "haystack": "haystack-ai",
        "hydra": "hydra-core",
        "feather": "feather-format",
        "imblearn": "imbalanced-learn",
        "umap": "umap-learn",
        "Orange": "Orange3",
        "Bio": "biopython",
        "community": "python-louvain",
        "mpl_toolkits": "matplotlib",
        "pylab": "matplotlib",
        "cartopy": "Cartopy",
        "osgeo": "GDAL",
        "ee": "earthengine-api",
        "shapefile": "pyshp",
        "rtree": "Rtree",
        "OpenGL": "PyOpenGL",
        "talib": "TA-Lib",
        "pl_bolts": "lightning-bolts",
        "open_clip": "open-clip-torch",
        "whisper": "openai-whisper",
        "faiss": "faiss-cpu",
        "pynvml": "nvidia-ml-py",
        "sko": "scikit-opt",
        "pulp": "PuLP",
        "pyomo": "Pyomo",
        "z3": "z3-solver",
        "pybullet_envs": "pybullet",
        "surprise": "scikit-surprise",
        # text, data formats, time
        "yaml": "PyYAML",
        "ruamel": "ruamel.yaml",
        "bs4": "beautifulsoup4",
        "dateutil": "python-dateutil",
        "slugify": "python-slugify",
        "markdown_it": "markdown-it-py",
        "jinja2": "Jinja2",
        "markupsafe": "MarkupSafe",
        "attr": "attrs",
        "google.protobuf": "protobuf",
        "snappy": "python-snappy",
        "rapidjson": "python-rapidjson",
        "simdjson": "pysimdjson",
        "unidecode": "Unidecode",
        "MeCab": "mecab-python3",
        "xlsxwriter": "XlsxWriter",
        "readability": "readability-lxml",
        "faker": "Faker",
        "pkg_resources": "setuptools",
        "pyximport": "Cython",
        "cython": "Cython",
        # web, services, databases
        "dotenv": "python-dotenv",
        "decouple": "python-decouple",
        "environ": "django-environ",
        "flask": "Flask",
        "flask_cors": "Flask-Cors",
        "flask_sqlalchemy": "Flask-SQLAlchemy",
        "django": "Django",
        "rest_framework": "djangorestframework",
        "werkzeug": "Werkzeug",
        "sqlalchemy": "SQLAlchemy",
        "MySQLdb": "mysqlclient",
        "pymysql": "PyMySQL",
        "mysql": "mysql-connector-python",
        "psycopg2": "psycopg2-binary",
        "bson": "pymongo",
        "gridfs": "pymongo",
        "snowflake": "snowflake-connector-python",
        "snowflake.connector": "snowflake-connector-python",
        "snowflake.snowpark": "snowflake-snowpark-python",
        "kafka": "kafka-python",
        "zmq": "pyzmq",
        "nacl": "PyNaCl",
        "Crypto": "pycryptodome",
        "Cryptodome": "pycryptodomex",
        "OpenSSL": "pyOpenSSL",
        "jwt": "PyJWT",
        "jose": "python-jose",
        "socks": "PySocks",
        "dns": "dnspython",
        "serial": "pyserial",
        "usb": "pyusb",
        "ldap": "python-ldap",
        "git": "GitPython",
        "github": "PyGithub",
        "gitlab": "python-gitlab",
        "telegram": "python-telegram-bot",
        "discord": "discord.py",
        "googleapiclient": "google-api-python-client",
        "apiclient": "google-api-python-client",
        "google.auth": "google-auth",
        "google.oauth2": "google-auth",
        "google.generativeai": "google-generativeai",
        "google.genai": "google-genai",
        "google.cloud.storage": "google-cloud-storage",
        "google.cloud.bigquery": "google-cloud-bigquery",
        "google.cloud.aiplatform": "google-cloud-aiplatform",
        "google.cloud.vision": "google-cloud-vision",
        "google.cloud.speech": "google-cloud-speech",
        "google.cloud.translate": "google-cloud-translate",
        "google.cloud.language": "google-cloud-language",
        "google.cloud.pubsub": "google-cloud-pubsub",
        "google.cloud.firestore": "google-cloud-firestore",
        "azure.storage.blob": "azure-storage-blob",
        "azure.identity": "azure-identity",
        "azureml": "azureml-core",
        "azureml.core": "azureml-core",
        "wx": "wxPython",
        "gi": "PyGObject",
        "win32api": "pywin32",
        "win32com": "pywin32",
        "pythoncom": "pywin32",
        "Xlib": "python-xlib",
        "vlc": "python-vlc",
        "nmap": "python-nmap",
        "whois": "python-whois",
        "speech_recognition": "SpeechRecognition",
        "pyaudio": "PyAudio",
        "webview": "pywebview",
        "websocket": "websocket-client",
        "socketio": "python-socketio",
        "engineio": "python-engineio",
        "multipart": "python-multipart",
        "win32con": "pywin32",
        "_cffi_backend": "cffi",
        "pywt": "PyWavelets",
        "ot": "POT",
    }
)

SAME_NAME = frozenset(
    """
    accelerate aiofiles aiohttp albumentations ale_py altair annoy anthropic anyio anywidget arrow arviz astropy
    asttokens attrs autogluon bitsandbytes black bokeh boto3 botocore bottleneck bqplot cachetools catboost
    category_encoders causalml certifi cffi chardet charset_normalizer chess cleanlab click clip_interrogator
    cloudpickle cmaes colorama coverage cryptography cupy cvxopt cvxpy cx_Oracle cycler Cython cytoolz dash
    dash_bootstrap_components dask datasets datashader dateparser deap deepspeed dgl diffusers dill dirty_equals
    distributed docopt docutils duckdb editdistance efficientnet_pytorch einops elasticsearch_dsl emcee et_xmlfile
    evaluate exif fastai fastapi fastparquet fasttext filelock fire flax folium fsspec ftfy fuzzywuzzy gdown gensim
    geopandas geopy gevent ggplot google_auth_oauthlib gradio graphviz gym gymnasium gymnasium_robotics h11 h5py
    hdbscan hmmlearn holoviews httpcore httpx huggingface_hub humanize hvplot hypothesis ibm_db idna igraph
    imagehash imageio imageio_ffmpeg importlib_metadata importlib_resources iniconfig invoke ipyleaflet ipympl
    ipywidgets isort itables itk jax jaxlib jieba joblib json5 jsonlines jsonschema jupyter_client jupyter_core
    jupyter_dash kaggle_environments kagglehub keras keras_cv keras_tuner kiwisolver kornia langchain
    langchain_community langchain_core langchain_openai langdetect lazypredict Levenshtein librosa lifelines
    lightgbm lightning lightning_fabric lime line_profiler linearmodels litellm llama_index llvmlite loguru louvain
    lxml lxml_html_clean lz4 marimo markdown matplotlib memory_profiler mido mistune mlflow mlxtend mne monai
    more_itertools moviepy mpi4py mpl_finance mplfinance msgpack mujoco_py multidict multiprocess mypy nbclient
    nbformat neo4j netCDF4 networkx neuralprophet nibabel nilearn nltk numba numexpr numpy obspy omegaconf onnx
    onnxruntime openai openpyxl opt_einsum optax optuna orjson ortools packaging pandas pandas_datareader
    pandas_profiling pandas_ta pandera panel paramiko parso pathlib2 patsy peft pendulum pexpect pgmpy pingouin pint
    platformdirs plotly plotnine pluggy polars praw prettytable prompt_toolkit prophet psutil psycopg pwlf pyarrow
    pycaret pycuda pydantic pydantic_settings pydicom pydot pydub pyfiglet pygame pygments pygraphviz pymc pymc3
    pymongo pynndescent pynput pyodbc pyparsing pypdf PyPDF2 pyperclip pypinyin pyproj pyreadr pyreadstat pyspark
    pytesseract pytest pytorch_lightning pytz pyvis pyvista pyxlsb rake_nltk ray rdkit regex requests retrying rich
    rioxarray rpy2 ruamel.yaml s3fs sacrebleu safetensors scanpy scipy scrapy sdv seaborn
    segmentation_models_pytorch selenium sentence_transformers sentencepiece setuptools shap shapely SimpleITK simpy
    six skimpy skl2onnx skorch sktime slack_sdk smart_open sounddevice spacy sqlmodel sqlparse squarify
    stable_baselines3 starlette statsforecast statsmodels streamlit stumpy svgwrite sweetviz sympy ta tables
    tabulate tenacity tensorboard tensorboardX tensorflow tensorflow_addons tensorflow_datasets tensorflow_hub
    tensorflow_probability tensorflow_text termcolor textblob tf_keras thefuzz threadpoolctl tiktoken timm
    tokenizers toml tomli tomlkit toolz torch torch_geometric torchaudio torchmetrics torchtext torchvision tornado
    tqdm traitlets transformers trl tsfresh tslearn tushare tweepy typer typing_extensions tzlocal ujson ultralytics
    urllib3 uvicorn vaex visdom vtk wandb watchdog websockets wfdb wheel wordcloud wrapt xarray xformers xgboost
    xlrd xlwt xmltodict yarl ydata_profiling yellowbrick yfinance zarr zipp zstd
    """.split()  # noqa: SIM905 - a table of words, not a list of strings
)
"""Well-known modules whose distribution has the same name (``-`` for ``_``)."""


def distribution_of(module: str) -> str | None:
    """Return the distribution of a dotted module name by the table, or ``None`` where it says nothing.

    The longest key that is the name or a parent of it counts: ``google.cloud.storage.blob`` -> google-cloud-storage.
    """
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in DISTRIBUTIONS:
            return DISTRIBUTIONS[name]
    return parts[0].replace("_", "-") if parts[0] in SAME_NAME else None


def place_of(module: str) -> str | None:
    """Return the place that alone has a dotted module (``google.colab.drive`` -> Google Colab), or ``None``."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((ELSEWHERE[name] for name in names if name in ELSEWHERE), None)
