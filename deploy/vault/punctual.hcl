# All that the Zoom connector may do in Vault. setup.sh puts the mount's name in the place of `secret`.

# The newest tokens of a host, and others in their place. No list: nobody asks who is connected.
path "secret/data/punctual/tokens/*" {
  capabilities = ["create", "read", "update"]
}

# All versions and the metadata, when a connection is removed.
path "secret/metadata/punctual/tokens/*" {
  capabilities = ["delete"]
}

# Its own token: how long it lives, live longer, and be over when the process ends.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# So that a policy that is too narrow can be named before it is felt.
path "sys/capabilities-self" {
  capabilities = ["update"]
}
