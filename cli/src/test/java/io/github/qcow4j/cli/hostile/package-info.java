/**
 * Hostile images before every command of the program. This package runs in a JVM of its own, whose
 * heap and direct memory together are 512 MiB.
 */
package io.github.qcow4j.cli.hostile;
