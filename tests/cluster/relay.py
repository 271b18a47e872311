#!/usr/bin/python3
"""relay.py ADDRESS PORT TO_PORT: passes connections on, and can make two messages cross.

After SIGUSR1 ("held" is printed), what a server says is held back until its client says something; both have then
spoken without hearing the other. Only connections that are open at the signal are held. Prints "ready", "connection" for each, and
"crossed" when it lets go.
"""
import asyncio
import signal
import sys


class Connection:
    def __init__(self):
        self.free = asyncio.Event()
        self.free.set()

    def spoke(self):
        if not self.free.is_set():
            print("crossed", flush=True)
        self.free.set()


async def pass_on(reader, writer, before):
    try:
        while data := await reader.read(65536):
            await before()
            writer.write(data)
            await writer.drain()
        await before()
        writer.write_eof()
    except OSError:
        writer.close()


async def main(address, port, to_port):
    connections = []

    def hold():
        for connection in connections:
            connection.free.clear()
        print("held", flush=True)

    async def relay(reader, writer):
        connection = Connection()
        connections.append(connection)
        print("connection", flush=True)
        there = await asyncio.open_connection(address, to_port)

        async def client_speaks():
            if not reader.at_eof():
                connection.spoke()
        await asyncio.gather(pass_on(reader, there[1], client_speaks), pass_on(there[0], writer, connection.free.wait))
        connections.remove(connection)
        writer.close()
        there[1].close()

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, hold)
    async with await asyncio.start_server(relay, address, port) as server:
        print("ready", flush=True)
        await server.serve_forever()

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
