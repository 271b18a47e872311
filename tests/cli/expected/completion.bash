# Made by: policyctl completion bash
_policyctl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local verb=${COMP_WORDS[1]} words= files=no options= value=yes i
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'test verify bench apply explain images secrets doctor sync lint review parse certs render ask import completion help version --help --version' -- "$word")
    return
  fi
  [[ $word == = ]] && word=
  [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}
  [[ ${COMP_WORDS[COMP_CWORD]} == = ]] && before=${COMP_WORDS[COMP_CWORD-1]}
  case $verb:$before in
    test:--policy|test:-p) files=yes ;;
    test:--output|test:-o) words='text json yaml diff junit sarif github tap' ;;
    test:--namespace|test:-n) ;;
    test:--user) ;;
    test:--group) ;;
    test:--service-account) ;;
    test:--operation) words='CREATE UPDATE' ;;
    test:--endpoint) words='mutate validate' ;;
    test:--now) ;;
    test:--exclude) ;;
    test:--color) words='auto always never' ;;
    test:--jobs|test:-j) ;;
    verify:--run) ;;
    verify:--output|verify:-o) words='text json junit sarif github' ;;
    bench:--policy|bench:-p) files=yes ;;
    bench:--iterations) ;;
    bench:--warmup) ;;
    bench:--concurrency|bench:-c) ;;
    bench:--save) files=yes ;;
    bench:--compare) files=yes ;;
    bench:--threshold) ;;
    bench:--namespace|bench:-n) ;;
    bench:--endpoint) words='mutate validate' ;;
    bench:--now) ;;
    bench:--output|bench:-o) words='text json' ;;
    apply:--policy|apply:-p) files=yes ;;
    apply:--namespace|apply:-n) ;;
    apply:--labels|apply:-l) ;;
    apply:--service-account) ;;
    apply:--user) ;;
    apply:--group) ;;
    apply:--now) ;;
    apply:--exclude) ;;
    explain:--policy|explain:-p) files=yes ;;
    explain:--output|explain:-o) words='text json' ;;
    explain:--namespace|explain:-n) ;;
    explain:--labels|explain:-l) ;;
    explain:--service-account) ;;
    explain:--user) ;;
    explain:--group) ;;
    explain:--now) ;;
    explain:--operation) words='CREATE UPDATE' ;;
    explain:--exclude) ;;
    images:--policy|images:-p) files=yes ;;
    images:--output|images:-o) words='table json skopeo-sync skopeo-copy' ;;
    images:--namespace|images:-n) ;;
    images:--labels|images:-l) ;;
    images:--service-account) ;;
    images:--user) ;;
    images:--group) ;;
    images:--now) ;;
    images:--exclude) ;;
    images:--platform) ;;
    images:--secrets) files=yes ;;
    images:--docker-config) files=yes ;;
    images:--ca) files=yes ;;
    images:--client-cert) files=yes ;;
    images:--client-key) files=yes ;;
    images:--plain-http) ;;
    images:--token-host) ;;
    images:--connections) ;;
    images:--timeout) ;;
    secrets:--policy|secrets:-p) files=yes ;;
    secrets:--output|secrets:-o) words='table json yaml' ;;
    secrets:--from) files=yes ;;
    secrets:--username) ;;
    secrets:--registry) ;;
    secrets:--external-secrets) ;;
    secrets:--remote-key) ;;
    secrets:--namespace|secrets:-n) ;;
    secrets:--user) ;;
    secrets:--group) ;;
    secrets:--now) ;;
    secrets:--exclude) ;;
    doctor:--policy|doctor:-p) files=yes ;;
    doctor:--namespace|doctor:-n) ;;
    doctor:--context) ;;
    doctor:--kubeconfig) files=yes ;;
    doctor:--tls-cert) files=yes ;;
    doctor:--values) files=yes ;;
    doctor:--soon) ;;
    doctor:--output|doctor:-o) words='text json junit sarif github' ;;
    doctor:--ignore) ;;
    doctor:--now) ;;
    sync:--policy|sync:-p) files=yes ;;
    sync:--annotated) ;;
    sync:--instance) ;;
    sync:--output|sync:-o) words='text json' ;;
    lint:--output|lint:-o) words='text json junit sarif github' ;;
    lint:--now) ;;
    lint:--soon-days) ;;
    lint:--ignore) ;;
    review:--policy|review:-p) files=yes ;;
    review:--endpoint) words='mutate validate' ;;
    review:--now) ;;
    parse:--output|parse:-o) words='text json' ;;
    certs:--dir|certs:-d) files=yes ;;
    certs:--service) ;;
    certs:--namespace|certs:-n) ;;
    certs:--dns) ;;
    certs:--days) ;;
    certs:--ca-days) ;;
    certs:--key) words='p256 rsa2048' ;;
    certs:--overlap-days) ;;
    certs:--tls-cert) files=yes ;;
    certs:--tls-key) files=yes ;;
    certs:--name) ;;
    render:--image|render:-i) ;;
    render:--policy|render:-p) files=yes ;;
    render:--certs) files=yes ;;
    render:--certificate-mode) words='existing selfSigned' ;;
    render:--only) words='all certs' ;;
    render:--namespace|render:-n) ;;
    render:--replicas) ;;
    render:--failure-policy) words='Ignore Fail' ;;
    render:--annotated) ;;
    render:--name) ;;
    ask:--policy|ask:-p) files=yes ;;
    ask:--server) ;;
    ask:--ca) files=yes ;;
    ask:--servername) ;;
    ask:--namespace|ask:-n) ;;
    ask:--user) ;;
    ask:--group) ;;
    ask:--timeout) ;;
    ask:--wait) ;;
    import:--namespace|import:-n) ;;
    *) value=no ;;
  esac
  if [[ $value == no ]]; then
  case $verb in
    test) words='' files=yes options='--policy --output --namespace --user --group --service-account --operation --endpoint --now --exclude --strict --fail-on-warn --require-objects --quiet --verbose --summary --color --jobs --help' ;;
    verify) words='' files=no options='--run --verbose --output --help' ;;
    bench) words='' files=yes options='--policy --iterations --warmup --concurrency --save --compare --worst --threshold --namespace --endpoint --now --output --help' ;;
    apply) words='' files=yes options='--policy --templates --in-place --namespace --labels --service-account --user --group --now --exclude --strict --help' ;;
    explain) words='' files=yes options='--policy --output --namespace --labels --service-account --user --group --now --operation --exclude --strict --help' ;;
    images) words='' files=yes options='--policy --output --namespace --labels --service-account --user --group --now --exclude --strict --check --missing --platform --against-source --secrets --docker-config --ca --client-cert --client-key --plain-http --token-host --connections --timeout --verbose --help' ;;
    secrets) words='' files=yes options='--policy --output --from --username --password-stdin --registry --external-secrets --remote-key --sealed --namespace --user --group --now --exclude --strict --help' ;;
    doctor) words='' files=no options='--policy --namespace --cluster --context --kubeconfig --tls-cert --values --soon --output --ignore --strict --verbose --now --help' ;;
    sync) words='' files=yes options='--policy --dry-run --annotated --respect-value --instance --output --help' ;;
    lint) words='' files=yes options='--output --now --soon-days --ignore --strict --schema --help' ;;
    review) words='' files=yes options='--policy --endpoint --now --help' ;;
    parse) words='' files=no options='--output --help' ;;
    certs) words='init rotate check show bundle ' files=no options='--dir --service --namespace --dns --days --ca-days --key --force --new-ca --overlap-days --dry-run --tls-cert --tls-key --name --help' ;;
    render) words='' files=yes options='--image --policy --certs --certificate-mode --only --namespace --replicas --failure-policy --annotated --name --respect-value --wide --help' ;;
    ask) words='' files=yes options='--policy --server --ca --servername --namespace --user --group --timeout --wait --dry-run --help' ;;
    import) words='airbyte astronomer gatekeeper kyverno openshift harbor-container-webhook k8s-image-swapper containerd registries ' files=yes options='--namespace --help' ;;
    completion) words='bash zsh fish ' files=no options='--help' ;;
    help) words='test verify bench apply explain images secrets doctor sync lint review parse certs render ask import completion help version ' files=no options='--help' ;;
    version) words='' files=no options='--help' ;;
  esac
  fi
  if [[ $value == no && $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    return
  fi
  [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  [[ $files == no ]] || {
    compopt -o filenames 2>/dev/null
    while IFS= read -r i; do COMPREPLY+=("$i"); done < <(compgen -f -- "$word")
  }
}
complete -F _policyctl policyctl
