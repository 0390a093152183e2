"""FlexOrch's MCP server, as it is on PyPI, started over stdio and asked by an MCP client. Prints the answers as JSON.

Reads STOCKTAKE_URL, FLEXORCH_API_KEY, and CALLS: a JSON list of [tool, arguments].
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main():
    server = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from flexorch_mcp.server import main; main()"],
        env={
            **os.environ,
            "FLEXORCH_API_KEY": os.environ["FLEXORCH_API_KEY"],
            "FLEXORCH_BASE_URL": os.environ["STOCKTAKE_URL"],
        },
    )
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        answers = []
        for tool, arguments in json.loads(os.environ["CALLS"]):
            result = await session.call_tool(tool, arguments)
            answers.append(result.structuredContent or {"failed": [each.text for each in result.content]})
        print(json.dumps(answers))


asyncio.run(main())
