"""AWS services as resources, by boto3: every API as `aws-sdk:service:action`, and the optimised integrations.

One mechanism serves them all. botocore's models say what an API takes and gives; `integrations` has what is
special about an optimised one, `jobs` what a `.sync` task waits for.
"""

from asl.aws.client import Aws

__all__ = ["Aws"]
