/**
 * Power cuts: what may be left of images when the machine stops in the middle of a change. A new
 * job joins with one {@link io.github.qcow4j.qcow2.crash.CrashWorkload} and one line in {@link
 * io.github.qcow4j.qcow2.crash.CrashScenarios}.
 */
package io.github.qcow4j.qcow2.crash;
