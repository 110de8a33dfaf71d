/** What a process that does every job over and over still holds between them. */
package io.github.qcow4j.cli.leaks;
