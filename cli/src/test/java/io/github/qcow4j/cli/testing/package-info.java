/** What the tests of the command line share. */
@NullMarked
package io.github.qcow4j.cli.testing;

import org.jspecify.annotations.NullMarked;
