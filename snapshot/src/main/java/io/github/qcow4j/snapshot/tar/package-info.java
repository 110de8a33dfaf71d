/**
 * Tape archives, read from strangers and written for others: POSIX ustar and pax interchange
 * format, GNU long names and sparse files in all their forms, and the sparse files of Cocoon. Only
 * regular files with plain names exist here; everything else in an archive is refused. Reads and
 * writes channels, front to back, and touches no file.
 */
@NullMarked
package io.github.qcow4j.snapshot.tar;

import org.jspecify.annotations.NullMarked;
