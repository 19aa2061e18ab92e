"""Settings that every mode shares. Modes: embedded.py, scaled.py, testing.py."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from kombu import Queue

from config.env import MODES, Environment
from config.secret_key import read_or_make_secret_key

BASE_DIR = Path(__file__).resolve().parents[2]
ENVIRONMENT = Environment()

MYOTRACE_MODE = ENVIRONMENT.choice("MYOTRACE_MODE", MODES, "embedded")
MYOTRACE_DATA = ENVIRONMENT.path("MYOTRACE_DATA", BASE_DIR / "var")
MYOTRACE_HOST = ENVIRONMENT.text("MYOTRACE_HOST", "127.0.0.1")
MYOTRACE_PORT = ENVIRONMENT.integer("MYOTRACE_PORT", 8000)
MYOTRACE_TLS = ENVIRONMENT.flag("MYOTRACE_TLS", default=False)

DEBUG = False
SECRET_KEY = read_or_make_secret_key(MYOTRACE_DATA / "secret-key")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *ENVIRONMENT.names("MYOTRACE_ALLOWED_HOSTS")]
if MYOTRACE_HOST not in {"0.0.0.0", "::"}:
    ALLOWED_HOSTS.append(MYOTRACE_HOST)
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.names("MYOTRACE_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "core",
    "annotation",
    "inference",
    "training",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "django_celery_beat",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.PrivateByDefault",
    "core.middleware.TimesInThePersonsZone",
    "core.middleware.RefusalsAsPages",
    "annotation.middleware.StudyMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "annotation.context.current_study",
            ],
        },
    },
]
FORM_RENDERER = "core.renderers.FormRenderer"

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
ACCOUNT_ADAPTER = "core.accounts.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATIC_ROOT = MYOTRACE_DATA / "static"
STATICFILES_DIRS = [
    ("libraries", path) for path in [BASE_DIR / "node_modules" / ".libraries"] if path.is_dir()
]
EDITOR_IN_ONE_FILE = True
"""Whether pages load the editor as one file, made at set-up, or module by module."""

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
    "blobs": {
        "BACKEND": "core.storage.DurableFileStorage",
        "OPTIONS": {"location": MYOTRACE_DATA / "blobs"},
    },
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

SESSION_COOKIE_NAME = "myotrace_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = MYOTRACE_TLS
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = MYOTRACE_TLS
SECURE_SSL_REDIRECT = MYOTRACE_TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if MYOTRACE_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = MYOTRACE_TLS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if MYOTRACE_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
    }
}

# A revision of 1,000 regions with long outlines stays below 8 MiB; scans come in as streamed files.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 5000
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = MYOTRACE_DATA / "uploads"
FILE_UPLOAD_PERMISSIONS = 0o600
MYOTRACE_MAX_UPLOAD_BYTES = ENVIRONMENT.integer("MYOTRACE_MAX_UPLOAD_MIB", 4096) * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "core.api.authentication.HashedTokenAuthentication",
        "core.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.Pages",
    "PAGE_SIZE": 100,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.refusals.answer",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Myotrace",
    "DESCRIPTION": "Annotation, training and measurement of muscle ultrasound.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
}

# Celery is the doorbell: the row in core_job is the truth (docs/architecture.md).
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_QUEUES = [Queue("short"), Queue("training")]
CELERY_TASK_DEFAULT_QUEUE = "short"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
DJANGO_CELERY_BEAT_TZ_AWARE = True

JOB_LEASE_SECONDS = ENVIRONMENT.integer("MYOTRACE_JOB_LEASE_SECONDS", 60)
JOB_HEARTBEAT_SECONDS = max(1, JOB_LEASE_SECONDS // 6)
JOB_MAX_ATTEMPTS = 3

# One training at a time on each: CUDA's names for the devices, separated by commas. Empty: one
# training at a time on whatever there is.
TRAINING_DEVICES = ENVIRONMENT.names("MYOTRACE_DEVICES")

# Threads of one prediction; 0: as many as ONNX Runtime finds cores.
INFERENCE_THREADS = ENVIRONMENT.integer("MYOTRACE_INFERENCE_THREADS", 0)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # The filesystem broker has no host, about which kombu warns at every connection.
        "kombu.connection": {"level": "ERROR"},
        # Each PDF has its own part of a font, and fontTools tells of every table.
        "fontTools": {"level": "WARNING"},
    },
}
