# Key pairs, an affinity group, and an instance that has them.

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

variable "name" {
  default = "house"
}

variable "script" {
  default = "echo one"
}

variable "colour" {
  default = "blue"
}

provider "cloudstack" {}

data "cloudstack_zone" "here" {
  filter {
    name  = "name"
    value = "^${var.zone}$"
  }
}

data "cloudstack_template" "pattern" {
  template_filter = "executable"

  filter {
    name  = "id"
    value = var.template
  }
}

resource "cloudstack_ssh_keypair" "brick" {
  name       = "brick"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Hz1V1kGk0dHJ1c3Rub29uZWF0YWxsZXZlcmV2ZXI0 brick"
}

resource "cloudstack_ssh_keypair" "made" {
  name = "made"
}

resource "cloudstack_affinity_group" "apart" {
  name = "apart"
  type = "host anti-affinity"
}

resource "cloudstack_instance" "house" {
  name               = var.name
  zone               = data.cloudstack_zone.here.name
  template           = data.cloudstack_template.pattern.name
  service_offering   = var.offering
  network_id         = var.network
  keypair            = cloudstack_ssh_keypair.brick.name
  affinity_group_ids = [cloudstack_affinity_group.apart.id]
  user_data          = var.script
  group              = "row"
  expunge            = true

  tags = {
    colour  = var.colour
    "a key" = "b&c=d"
  }
}
