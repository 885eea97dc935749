"""``python -m resnet_finetune``"""

import sys

from resnet_finetune.cli import main

sys.exit(main())
