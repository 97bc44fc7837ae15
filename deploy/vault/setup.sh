#!/bin/sh
# Makes a Vault ready for the Zoom connector: a KV version 2 mount, the policy, an AppRole, and the role's id and secret
# as files. Needs the vault CLI, VAULT_ADDR and an administrator's VAULT_TOKEN. Can be run again at any time: what is
# there stays, and the secret is made anew only when Vault no longer takes the one that is there.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mount=${VAULT_MOUNT:-secret}
role=${ROLE_NAME:-punctual}
folder=${ROLE_FOLDER:-/vault/role}
owner=${ROLE_OWNER:-}

say() { echo "vault setup: $*"; }
fail() { echo "vault setup: $*" >&2; exit 1; }

# $1: file, $2: what it is to hold. Whole or not at all, and for one user's eyes.
keep() {
  (umask 077 && printf '%s\n' "$2" >"$1.new")
  mv "$1.new" "$1"
}

login() {
  vault write -field=token auth/approle/login role_id="@$folder/role-id" secret_id="@$folder/secret-id" 2>/dev/null
}

vault token lookup >/dev/null || fail "VAULT_TOKEN is not accepted at $VAULT_ADDR"

if vault read "sys/mounts/$mount" >/dev/null 2>&1; then
  case $(vault read -field=options "sys/mounts/$mount" 2>/dev/null) in
    *version*2*) ;;
    *) fail "$mount is no KV version 2: set VAULT_MOUNT to another name, or see 'vault kv enable-versioning'" ;;
  esac
else
  vault secrets enable -path="$mount" -version=2 kv >/dev/null
  say "KV version 2 is enabled at $mount"
fi

sed "s#\"secret/#\"$mount/#" "$here/punctual.hcl" | vault policy write "$role" - >/dev/null
say "policy $role is in place"

if ! vault auth list | grep -q '^approle/'; then
  vault auth enable approle >/dev/null
  say "AppRole is enabled"
fi
vault write "auth/approle/role/$role" \
  token_policies="$role" token_no_default_policy=true token_ttl=1h token_max_ttl=24h \
  secret_id_ttl=0 secret_id_num_uses=0 >/dev/null
say "role $role is in place"

mkdir -p "$folder"
id=$(vault read -field=role_id "auth/approle/role/$role/role-id")
keep "$folder/role-id" "$id"
if [ -s "$folder/secret-id" ] && token=$(login); then
  VAULT_TOKEN=$token vault token revoke -self >/dev/null
else
  secret=$(vault write -force -field=secret_id "auth/approle/role/$role/secret-id")
  keep "$folder/secret-id" "$secret"
  say "a new secret is made"
fi
if [ -n "$owner" ]; then chown "$owner" "$folder/role-id" "$folder/secret-id"; fi
say "the role's id and secret are in $folder: role-id and secret-id"
