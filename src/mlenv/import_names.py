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
        "scikitplot": "scikit-plot",
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
        "bayes_opt": "bayesian-optimization",
        "pyro": "pyro-ppl",
        "haiku": "dm-haiku",
        "paddle": "paddlepaddle",
        "llama_cpp": "llama-cpp-python",
        "pyannote.audio": "pyannote.audio",
        "classification_models": "image-classifiers",
        "retinaface": "retina-face",
        "scvi": "scvi-tools",
        "pypfopt": "pyportfolioopt",
        "nasdaqdatalink": "Nasdaq-Data-Link",
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
        "camelot": "camelot-py",
        "tabula": "tabula-py",
        "newspaper": "newspaper3k",
        "odf": "odfpy",
        "spellchecker": "pyspellchecker",
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
        "weaviate": "weaviate-client",
        "tavily": "tavily-python",
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
        "vertexai": "google-cloud-aiplatform",
        "google.cloud.vision": "google-cloud-vision",
        "google.cloud.speech": "google-cloud-speech",
        "google.cloud.translate": "google-cloud-translate",
        "google.cloud.language": "google-cloud-language",
        "google.cloud.pubsub": "google-cloud-pubsub",
        "google.cloud.firestore": "google-cloud-firestore",
        "azure.storage.blob": "azure-storage-blob",
        "azure.identity": "azure-identity",
        "azure.ai.ml": "azure-ai-ml",
        "azure.core": "azure-core",
        "azureml": "azureml-core",
        "azureml.core": "azureml-core",
        "wx": "wxPython",
        "gi": "PyGObject",
        "win32api": "pywin32",
        "win32gui": "pywin32",
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
    accelerate adjustText aiofiles aiohttp albucore albumentations ale_py alibi altair anndata annoy anthropic anyio
    anywidget arch arrow arviz astropy asttokens attrs audiomentations auto_gptq autogluon backtrader bert_score
    bitsandbytes black blackjax bokeh boruta boto3 botocore bottleneck bqplot cachetools catboost category_encoders
    causalml ccxt certifi cffi chardet charset_normalizer chess chex chromadb cirq cleanlab click clip_interrogator
    cloudpickle cmaes cmdstanpy cmocean cohere colorama colorcet contextily contractions coverage cryptography ctgan
    cupy cvxopt cvxpy cx_Oracle cycler Cython cytoolz dagster darts dash dash_bootstrap_components dask dask_ml
    datasets datashader dateparser deap deep_translator deepchem deepface deepspeed demoji dgl dice_ml diffusers
    dill dirty_equals distrax distributed dlib dm_control docopt docutils dowhy dtale duckdb duckduckgo_search dvc
    easyocr econml editdistance efficientnet efficientnet_pytorch einops elasticsearch_dsl eli5 emcee emoji
    et_xmlfile evaluate evidently exif face_recognition facenet_pytorch fancyimpute fastai fastapi fastparquet
    fasttext feature_engine featuretools filelock filterpy fiona fire flair flaml flax folium fredapi fsspec ftfy
    fuzzywuzzy gdown geemap gensim geopandas geopy gevent ggplot glum gluonts google_auth_oauthlib googletrans
    gpflow gplearn gradio graphviz great_expectations great_tables groq gym gymnasium gymnasium_robotics h11 h2o h3
    h5py hdbscan hmmlearn holoviews httpcore httpx huggingface_hub humanize hvplot hyperopt hypothesis ibm_db idna
    igraph imagehash imageio imageio_ffmpeg imgaug importlib_metadata importlib_resources imutils iniconfig
    insightface interpret invoke ipyleaflet ipympl ipyvolume ipywidgets isort itables itk jax jaxlib jellyfish jieba
    jiwer joblib json5 jsonlines jsonschema jupyter_client jupyter_core jupyter_dash jupyterlab jupytext kaggle
    kaggle_environments kagglehub kaleido keplergl keras keras_cv keras_hub keras_nlp keras_tuner kfp kiwisolver
    kmodes konlpy kornia langchain langchain_anthropic langchain_community langchain_core langchain_huggingface
    langchain_openai langdetect langgraph langsmith language_tool_python lazypredict Levenshtein librosa lifelines
    lightgbm lightning lightning_fabric lightning_utilities lime line_profiler linearmodels litellm llama_index
    llvmlite loguru louvain lxml lxml_html_clean lz4 marimo markdown matplotlib mdtraj mediapipe memory_profiler
    mglearn miceforest mido missingno mistralai mistune mlflow mlxtend mmcv mmdet mmengine mne modin monai
    more_itertools moviepy mpi4py mpl_finance mplfinance msgpack mtcnn mujoco mujoco_py multidict multiprocess mypy
    nbclient nbconvert nbformat neo4j nest_asyncio netCDF4 networkx neuralforecast neuralprophet neurokit2 nevergrad
    ngboost nibabel nilearn nlpaug nltk notebook num2words numba numexpr numpy numpyro obspy ollama omegaconf onnx
    onnxruntime open3d openai openmm openpyxl openTSNE opt_einsum optax optuna orjson ortools osmnx packaging pacmap
    paddleocr palettable palmerpenguins pandas pandas_datareader pandas_profiling pandas_ta pandera panel papermill
    paramiko parso pathlib2 patsy pdfplumber pedalboard peft pendulum pennylane pettingzoo pexpect pgmpy pinecone
    pingouin pint platformdirs plotly plotnine pluggy pmdarima polars polars_ds praw prefect prettytable
    prompt_toolkit prophet psutil psycopg pwlf pyarrow pycaret pycocotools pycuda pydantic pydantic_settings pydeck
    pydicom pydot pydotplus pydub pyEDFlib pyfiglet pyfolio pygam pygame pygments pygraphviz pygwalker pykalman
    pyLDAvis pymc pymc3 pymilvus pymongo pynndescent pynput pyod pyodbc pyparsing pypdf PyPDF2 pyperclip pypinyin
    pyproj pyreadr pyreadstat pyrender pysindy pyspark pysr pytesseract pytest pytorch_forecasting pytorch_lightning
    pytorch_tabnet pytz pyvis pyvista pyxlsb qdrant_client qiskit rake_nltk rapidfuzz rasterio rasterstats ray rdkit
    regex replicate requests retrying rich rioxarray rouge_score rpy2 ruamel.yaml ruptures s3fs sacrebleu
    safetensors sagemaker sb3_contrib scanpy scikit_posthocs scipy scrapy sdmetrics sdv seaborn
    segmentation_models_pytorch selenium sentence_transformers sentencepiece seqeval setuptools shap shapely
    SimpleITK simpy six skimpy skl2onnx sklearn_pandas skorch sktime slack_sdk smart_open sounddevice soundfile
    spacy spacy_transformers speechbrain sqlmodel sqlparse squarify stable_baselines3 stanza starlette statsforecast
    statsmodels streamlit stumpy sumy supervision svgwrite sweetviz sympy symspellpy ta tables tabpfn tabulate
    tenacity tensorboard tensorboardX tensordict tensorflow tensorflow_addons tensorflow_datasets
    tensorflow_decision_forests tensorflow_hub tensorflow_io tensorflow_model_optimization tensorflow_probability
    tensorflow_text termcolor textblob textstat tf_agents tf_keras tflite_runtime thefuzz threadpoolctl tianshou
    tiktoken timm tokenizers toml tomli tomlkit toolz torch torch_geometric torch_scatter torch_sparse torchaudio
    torchdiffeq torchinfo torchio torchmetrics torchrl torchsummary torchtext torchvision torchviz tornado tpot tqdm
    trafilatura traitlets transformers trimesh triton trl tsfresh tslearn tsmoothie TTS tushare tweepy typer
    typing_extensions tzlocal ujson ultralytics unsloth unstructured upsetplot urllib3 uvicorn vaderSentiment vaex
    vega_datasets visdom vllm vtk wandb watchdog websockets wfdb wget wheel wikipedia wordcloud wrapt xarray
    xformers xgboost xlrd xlwings xlwt xmltodict yarl ydata_profiling yellowbrick yfinance zarr zipp zstd
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
