/**
 * What comes in, from archives and directories alike: files under names of a staging directory,
 * looked at before anybody may see them, and taken away again when something is wrong with one.
 */
@NullMarked
package io.github.qcow4j.snapshot.intake;

import org.jspecify.annotations.NullMarked;
