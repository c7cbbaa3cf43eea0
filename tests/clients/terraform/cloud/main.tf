# A key pair, and an instance that has it.

terraform {
  required_providers {
    cloudstack = {
      source  = "cloudstack/cloudstack"
      version = "0.5.0"
    }
  }
}

variable "zone" {}
variable "template" {}
variable "offering" {}
variable "network" {}

provider "cloudstack" {}

resource "cloudstack_ssh_keypair" "brick" {
  name       = "brick"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Hz1V1kGk0dHJ1c3Rub29uZWF0YWxsZXZlcmV2ZXI0 brick"
}

resource "cloudstack_instance" "house" {
  name             = "house"
  zone             = var.zone
  template         = var.template
  service_offering = var.offering
  network_id       = var.network
  keypair          = cloudstack_ssh_keypair.brick.name
  expunge          = true
}
