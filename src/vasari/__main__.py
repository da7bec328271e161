"""``python -m vasari`` is ``vasari``."""

import sys

from vasari.cli import main

sys.exit(main())
