"""Large inputs, made: large.py SHAPE SIZE.

documents N     N pods, one a document          object BYTES   one pod of containers as people write them
oneline BYTES   the same as JSON on one line    text BYTES     one pod with one long annotation"""
import json
import sys

shape, size = sys.argv[1], int(sys.argv[2])
write = sys.stdout.write
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p%d, namespace: team}\nspec:\n  containers:\n"
CONTAINER = """  - name: worker-%07d
    image: %s/worker:1.%d
    args: [--queue, jobs, --verbose]
    env:
    - {name: DATABASE_URL, value: "postgres://db.team.svc:5432/jobs?sslmode=verify-full"}
    - {name: LOG_LEVEL, value: info}
    resources: {limits: {cpu: 500m, memory: 512Mi}}
"""
HOSTS = "acme", "quay.io/acme"


def container(i):
    return {"name": "worker-%07d" % i, "image": "%s/worker:1.%d" % (HOSTS[i % 2], i), "args": ["--queue", "jobs", "--verbose"],
            "env": [{"name": "DATABASE_URL", "value": "postgres://db.team.svc:5432/jobs?sslmode=verify-full"},
                    {"name": "LOG_LEVEL", "value": "info"}],
            "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}}}


if shape == "documents":
    for i in range(size):
        write("---\n" + POD % i + CONTAINER % (i, HOSTS[i % 2], i))
elif shape == "object":
    write(POD % 0)
    for i in range(size // len(CONTAINER % (0, HOSTS[0], 0))):
        write(CONTAINER % (i, HOSTS[0], i))
elif shape == "oneline":
    one = len(json.dumps(container(0))) + 2
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
           "spec": {"containers": [container(2 * i) for i in range(size // one)]}}
    print(json.dumps(pod))
elif shape == "text":
    write("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n    long: %s\n"
          "spec: {containers: [{name: a, image: nginx}]}\n" % ("abc def " * (size // 8)))
else:
    sys.exit(__doc__)
