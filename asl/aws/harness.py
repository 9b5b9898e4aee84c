"""Amazon Bedrock AgentCore: `bedrockagentcore:invokeHarness`, whose stream of events becomes one answer.

Source: the developer guide, "Invoke Amazon Bedrock AgentCore harness with Step Functions".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asl.values import Json


def answer(events: Iterable[dict[str, Any]]) -> dict[str, Json]:
    """The last message of the assistant, with its text alone; the numbers are those of all messages together."""
    texts: dict[int, str] = {}
    stopped: Json = None
    usage = dict.fromkeys(("inputTokens", "outputTokens", "totalTokens"), 0)
    latency = 0
    for event in events:
        if "messageStart" in event:
            texts = {}
        elif "contentBlockDelta" in event:
            block = event["contentBlockDelta"]
            text = (block.get("delta") or {}).get("text")
            if text is not None:
                number = block.get("contentBlockIndex", 0)
                texts[number] = texts.get(number, "") + text
        elif "messageStop" in event:
            stopped = event["messageStop"].get("stopReason")
        elif "metadata" in event:
            told = event["metadata"]
            for name in usage:
                usage[name] += (told.get("usage") or {}).get(name, 0)
            latency += (told.get("metrics") or {}).get("latencyMs", 0)
    return {
        "Output": {
            "Message": {"Role": "assistant", "Content": [{"Text": texts[n]} for n in sorted(texts)]},
        },
        "StopReason": stopped,
        "Usage": {f"{name[:1].upper()}{name[1:]}": count for name, count in usage.items()},
        "Metrics": {"LatencyMs": latency},
    }
