/** Whether a notebook asks for a package: only then the create form offers to look. */

import { asksForPackages } from '../create/imports';

test.each([
  [['import numpy'], true],
  [['x = 1', 'from a import b'], true],
  [['# /// script\n# dependencies = []\n# ///'], true],
  [['%pip install six'], true],
  [['x = "import numpy"', 'print(1)'], false],
  [['import os, sys', 'from pathlib import Path'], false],
  [['import os.path as p, numpy as np'], true],
  [['import sys  # numpy'], false],
  [['from __future__ import annotations', 'import IPython'], false],
  [['from . import beside', 'from .beside import x'], false],
  [['import datenbänke'], true],
  [['from sklearn.model_selection import (', '  x)'], true],
  [['import json\nimport humanize'], true],
  [['%load_ext mlenv', '!ls'], false]
])('%j asks for packages: %s', (sources, asks) => {
  expect(asksForPackages(sources)).toBe(asks);
});
