#!/bin/sh
# For a Vault of one's own, as in the Compose stack: initialises it the first time, unseals it, and runs setup.sh.
# With the word `keep-unsealed` it goes on for ever and unseals it whenever it has started again.
#
# It makes ONE unseal key and leaves it, with the root token, in KEYS_FOLDER. That keeps Vault's files on one volume and
# their key on another, and no more: whoever may read both reads the tokens. See README.md for production.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
keys=${KEYS_FOLDER:-/vault/keys}
patience=${PATIENCE_SECONDS:-60}

say() { echo "vault initialize: $*"; }
fail() { echo "vault initialize: $*" >&2; exit 1; }

# 0: unsealed, 2: sealed or not initialised, 1: does not answer.
status() {
  code=0
  vault status >/dev/null 2>&1 || code=$?
  echo "$code"
}

wait_for_answer() {
  left=$patience
  while [ "$(status)" = 1 ]; do
    [ "$left" -gt 0 ] || fail "$VAULT_ADDR does not answer"
    left=$((left - 1))
    sleep 1
  done
}

initialize() {
  # The keys are shown only once, so they go straight into their file.
  (umask 077 && vault operator init -key-shares=1 -key-threshold=1 >"$keys/init.new") || fail "it can't be initialised"
  mv "$keys/init.new" "$keys/init"
  say "it is initialised; its key and root token are in $keys/init"
}

unseal() {
  [ -s "$keys/init" ] || fail "it was initialised by somebody else: $keys/init is missing; unseal it by hand"
  vault operator unseal "$(sed -n 's/^Unseal Key 1: //p' "$keys/init")" >/dev/null
  say "it is unsealed"
}

if [ "${1:-}" = keep-unsealed ]; then
  trap 'exit 0' TERM INT
  while :; do
    if [ "$(status)" = 2 ] && [ -s "$keys/init" ]; then unseal || say "it can't be unsealed"; fi
    # In the background, so that the end is not waited for.
    sleep "${EVERY_SECONDS:-1}" &
    wait $!
  done
fi

wait_for_answer
mkdir -p "$keys"
vault operator init -status >/dev/null 2>&1 || initialize
if [ "$(status)" = 2 ]; then unseal; fi
# A Vault that has just been unsealed takes a moment to become active.
[ -s "$keys/init" ] || fail "it was initialised by somebody else: $keys/init is missing; run setup.sh alone"
VAULT_TOKEN=$(sed -n 's/^Initial Root Token: //p' "$keys/init")
export VAULT_TOKEN
left=$patience
until vault token lookup >/dev/null 2>&1; do
  [ "$left" -gt 0 ] || fail "the root token in $keys/init is not accepted"
  left=$((left - 1))
  sleep 1
done
exec sh "$here/setup.sh"
