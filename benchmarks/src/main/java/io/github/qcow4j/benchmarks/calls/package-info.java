/**
 * What single calls cost, as a table. Runs the benchmarks of the package above in processes of
 * their own and writes their results; measures nothing itself.
 */
@NullMarked
package io.github.qcow4j.benchmarks.calls;

import org.jspecify.annotations.NullMarked;
