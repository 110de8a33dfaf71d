/** What is measured on: images that qemu-img makes on the spot from the files of this machine. */
@NullMarked
package io.github.qcow4j.benchmarks.material;

import org.jspecify.annotations.NullMarked;
