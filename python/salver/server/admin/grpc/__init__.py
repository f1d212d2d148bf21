"""The admin API by gRPC: the same handlers as REST, in the messages of `proto/salver/admin/v1/admin.proto`."""
