#!/usr/bin/env bash
# How long policyctl test takes over many manifests. Prints figures; judges none.
#
#   manifests.sh [POLICYCTL] [COUNT]      build/release/bin/policyctl and 2000 files when not given
set -eu
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
ctl=${1:-$top/build/release/bin/policyctl}
count=${2:-2000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A Deployment and a pod a file, as charts render them: three containers, probes, volumes, a few labels.
perl -e '
    my ($folder, $count) = @ARGV;
    for my $i (1 .. $count) {
        open my $out, ">", sprintf("%s/%05d.yaml", $folder, $i) or die $!;
        my $container = sub { my ($name, $image) = @_; return <<"END" };
        - name: $name
          image: $image
          imagePullPolicy: IfNotPresent
          env:
            - {name: JAVA_OPTS, value: "-Xmx512m -XX:+ExitOnOutOfMemoryError"}
            - name: PASSWORD
              valueFrom: {secretKeyRef: {name: app-$i, key: password}}
          readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 10}
          resources:
            limits: {cpu: "1", memory: 512Mi}
            requests: {cpu: 100m, memory: 256Mi}
          volumeMounts:
            - {name: config, mountPath: /etc/app}
END
        my $spec = join "", $container->("main", "airbyte/source-postgres:3.6.$i"),
            $container->("sidecar", "ghcr.io/acme-data/airbyte/connector-sidecar:2.2.0"),
            $container->("probe", "busybox:1.35");
        print $out "# number $i\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-$i\n  namespace: airbyte\n",
            "  labels: {app.kubernetes.io/name: app-$i, app.kubernetes.io/managed-by: Helm}\n",
            "spec:\n  replicas: 2\n  selector: {matchLabels: {app: app-$i}}\n  template:\n    metadata:\n",
            "      labels: {app: app-$i}\n    spec:\n      containers:\n$spec      volumes:\n",
            "        - name: config\n          configMap: {name: app-$i}\n---\n";
        (my $pod = $spec) =~ s/^    //mg;
        print $out "apiVersion: v1\nkind: Pod\nmetadata:\n  name: job-$i\n  namespace: airbyte\n",
            "  labels: {airbyte: job-pod}\nspec:\n  containers:\n$pod  volumes:\n    - name: config\n      configMap: {name: app-$i}\n";
    }' "$work" "$count"

echo "$count files, $(du -sb --apparent-size "$work" | cut -f1) bytes, on $(nproc) processors"
TIMEFORMAT='%R s, of processors %U'
for jobs in 1 2 4 8; do
    for format in text json diff sarif; do
        spent=$({ time "$ctl" test -p "$top/policies/examples/airbyte.yaml" -j $jobs -o $format "$work" >"$work.out" || true; } 2>&1)
        printf '  -j %d -o %-5s %s s, %9d bytes out\n' $jobs $format "$spent" "$(wc -c <"$work.out")"
    done
done
rm -f "$work.out"
