"""What must not be imported where."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "core", "annotation", "inference", "training", "config")
LEARNING = {"torch", "torchvision", "timm", "segmentation_models_pytorch", "nnunetv2"}
MAY_LEARN = ("training/backends/", "training/runner")


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_learning_libraries_stay_in_the_backends() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources()
        if not str(path.relative_to(ROOT)).startswith(MAY_LEARN)
        for name in imported(path) & LEARNING
    ]
    assert offenders == []


def test_domain_imports_numpy_scipy_shapely_and_itself() -> None:
    allowed = {"numpy", "scipy", "shapely", "domain"} | sys.stdlib_module_names
    offenders = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "domain").rglob("*.py")
        for name in imported(path) - allowed
    ]
    assert offenders == []


def test_domain_works_without_django() -> None:
    program = (
        "import sys, pkgutil, importlib, domain\n"
        "for found in pkgutil.walk_packages(domain.__path__, 'domain.'):\n"
        "    importlib.import_module(found.name)\n"
        "loaded = {'django', 'celery', 'torch', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'domain loads {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("entry", ["config.wsgi", "core.tasks"])
def test_web_process_and_predicting_worker_never_load_torch(entry: str, tmp_path: Path) -> None:
    program = (
        "import os, sys, importlib, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "django.setup()\n"
        f"importlib.import_module('{entry}')\n"
        "from django.urls import get_resolver\n"
        "get_resolver().url_patterns\n"
        "importlib.import_module('inference.runtime')\n"
        "importlib.import_module('inference.services.prelabelling')\n"
        "loaded = {'torch', 'torchvision', 'timm'} & set(sys.modules)\n"
        "sys.exit(f'loads {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "MYOTRACE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py"}
FORBIDDEN_CALLS = (
    "pickle.load",
    "extractall(",
    "unpack_archive(",
    "yaml.load(",
    "shell=True",
    "mark_safe(",
    "csrf_exempt",
    'fields = "__all__"',
    "filter(**request",
    "urlopen(",
    "requests.get(",
    "allow_pickle=True",
    "weights_only=False",
)


def test_there_are_no_grab_bag_modules() -> None:
    assert [str(path) for path in sources() if path.name in FORBIDDEN_NAMES] == []


def test_dangerous_calls_are_absent() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}: {call}"
        for path in sources()
        for call in FORBIDDEN_CALLS
        if call in path.read_text(encoding="utf-8")
    ]
    assert offenders == []


def test_templates_mark_nothing_safe_and_hold_no_inline_code() -> None:
    offenders = []
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        offenders += [
            f"{path.relative_to(ROOT)}: {bad}"
            for bad in (
                "|safe",
                "autoescape off",
                " onclick=",
                " onload=",
                "javascript:",
                " style=",
            )
            if bad in text
        ]
    assert offenders == []


def test_only_annotation_names_the_split_and_lock_tables() -> None:
    tables = ("SubjectPartition", "LockedImage", "LockLook", "annotation_subjectpartition")
    offenders = [
        f"{path.relative_to(ROOT)}: {table}"
        for package in ("core", "inference", "training", "config")
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
        for table in tables
        if table in path.read_text(encoding="utf-8")
    ]
    assert offenders == []


def test_tests_never_touch_the_data_directory_of_the_lab() -> None:
    """Every folder that the settings name lies in the directory made for the tests."""
    from django.conf import settings

    made_for_tests = Path(os.environ["MYOTRACE_DATA"])
    assert made_for_tests == settings.MYOTRACE_DATA
    assert settings.MYOTRACE_DATA != settings.BASE_DIR / "var"
    for folder in (settings.STORAGES["blobs"]["OPTIONS"]["location"], settings.STATIC_ROOT):
        assert Path(folder).is_relative_to(made_for_tests)
