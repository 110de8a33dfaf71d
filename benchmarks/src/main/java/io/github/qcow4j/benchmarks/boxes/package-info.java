/** Whole operations on boxes: thousands of them, and disks small and large. */
@NullMarked
package io.github.qcow4j.benchmarks.boxes;

import org.jspecify.annotations.NullMarked;
