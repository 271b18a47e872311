#!/usr/bin/python3
"""traffic.py WORK PORT NAMESPACE NAME [PAUSE]: clients that create pods, one after the other each, until SIGTERM.

Pods are NAME-CLIENT-NUMBER with the label traffic=NAME, and have one container of the image busybox:1. A scheduling gate
keeps them from nodes. Prints a line for each pod: "created POD" or "failed POD MESSAGE". A client waits PAUSE
seconds (0.04) between two pods, so that there are many moments at which one is created and not too many pods. No
request is repeated.
"""
import http.client
import json
import os
import signal
import ssl
import sys
import threading

CLIENTS = 6

stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
work, port, namespace, traffic = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
pause = float(sys.argv[5]) if len(sys.argv) > 5 else 0.04


def pod(name):
    return json.dumps({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"traffic": traffic}},
        "spec": {"schedulingGates": [{"name": "example.com/none"}], "containers": [{"name": "main", "image": "busybox:1"}]}})


def create(connection, name):
    connection.request("POST", f"/api/v1/namespaces/{namespace}/pods", pod(name), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status == 201:
        return f"created {name}\n"
    message = " ".join(json.loads(text)["message"].split())
    return f"failed {name} {message}\n"


def client(i):
    tls = ssl.create_default_context(cafile=f"{work}/ca.crt")
    tls.load_cert_chain(f"{work}/admin.crt", f"{work}/admin.key")
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=60)
    number = 0
    while not stopped.wait(pause):
        number += 1
        name = f"{traffic}-{i}-{number}"
        try:
            line = create(connection, name)
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            line = f"failed {name} {error!r}\n"
            connection.close()
        os.write(1, line.encode())


threads = [threading.Thread(target=client, args=(i,)) for i in range(1, CLIENTS + 1)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
