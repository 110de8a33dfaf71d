/** A Linux that boots under QEMU from a disk of ours, made of packages of the host. */
package io.github.qcow4j.cli.guest;
