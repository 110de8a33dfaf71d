/**
 * Checksums of what a disk shows, whatever image holds it. Reads images, changes nothing; ranges
 * known to be zeros are not read.
 */
@NullMarked
package io.github.qcow4j.qcow2.checksum;

import org.jspecify.annotations.NullMarked;
