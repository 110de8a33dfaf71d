package io.github.qcow4j.nativeio;

/**
 * What the kernel says of a process ({@code proc(5)}, {@code /proc/pid/stat}).
 *
 * @param identity which process it is
 * @param parentPid the number of its parent, 0 when it has none here
 * @param groupId its process group; that of the process which leads one is its own number
 * @param terminalGroupId the process group in the foreground of its terminal, or -1 without one
 * @param alive whether it runs, sleeps or is stopped; false once it has ended, also while its
 *     parent has not asked for its exit code
 * @param stopped whether all of its threads are stopped by a signal or a debugger
 */
public record ProcessStatus(
    ProcessIdentity identity,
    long parentPid,
    long groupId,
    long terminalGroupId,
    boolean alive,
    boolean stopped) {}
