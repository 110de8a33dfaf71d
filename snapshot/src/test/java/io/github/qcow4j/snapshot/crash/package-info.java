/** Work of this module on simulated disks that lose power or fail. */
package io.github.qcow4j.snapshot.crash;
