# Vault of the Compose stack: files on a volume, spoken to in the stack's own network only.
ui            = false
disable_mlock = true

storage "file" {
  path = "/vault/file"
}

listener "tcp" {
  address     = "0.0.0.0:8200"
  tls_disable = true
}
