/** JMH benchmarks of the hot paths. Sees every floor below; nothing depends on it. */
@NullMarked
package io.github.qcow4j.benchmarks;

import org.jspecify.annotations.NullMarked;
