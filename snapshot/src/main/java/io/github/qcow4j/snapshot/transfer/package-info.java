/**
 * What archives and directories that boxes travel in have in common: how they fail, which names
 * they may hold, and how their digests are written. Touches no file.
 */
@NullMarked
package io.github.qcow4j.snapshot.transfer;

import org.jspecify.annotations.NullMarked;
