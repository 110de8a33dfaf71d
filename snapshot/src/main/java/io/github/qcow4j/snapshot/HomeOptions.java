package io.github.qcow4j.snapshot;

import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.snapshot.quiesce.HookProgram;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * How to open a home.
 *
 * @param directory where it is; made when missing
 * @param command what this process does, for those who meet its leases
 * @param externals what images outside the home may lead to
 * @param maxChainLayers how many images the chain of a live disk may have before a snapshot
 *     shortens it, 2 and more
 * @param hookMillis how long a hook may take that lets writers go after a capture that was killed
 * @param notices gets a line about what opening a home waits for, and what it could not end
 */
public record HomeOptions(
    Path directory,
    String command,
    ReferencePolicy externals,
    int maxChainLayers,
    long hookMillis,
    Consumer<String> notices) {

  /**
   * Each layer costs an open file and a look into its tables. With 1, 16, 64 and 255 empty layers
   * below, a map takes 0.06, 0.07, 0.10 and 0.19 s of processor time, start included, and a read of
   * 4 KiB anywhere, of what is in the page cache, some 2, 6, 13 and 40 microseconds.
   */
  public static final int DEFAULT_MAX_CHAIN_LAYERS = 64;

  /** A home whose outside images may have backing files in their own directories. */
  public static HomeOptions of(Path directory) {
    return new HomeOptions(
        directory,
        "qcow4j",
        ReferencePolicy.sameDirectory(),
        DEFAULT_MAX_CHAIN_LAYERS,
        HookProgram.TIMEOUT_MILLIS,
        line -> {});
  }

  public HomeOptions {
    if (maxChainLayers < 2) {
      throw new IllegalArgumentException("a chain of an overlay has two images and more");
    }
  }

  /** The same with another text for those who meet this process's leases. */
  public HomeOptions withCommand(String newCommand) {
    return new HomeOptions(directory, newCommand, externals, maxChainLayers, hookMillis, notices);
  }

  /** The same with another decision about what images outside the home may lead to. */
  public HomeOptions withExternals(ReferencePolicy newExternals) {
    return new HomeOptions(directory, command, newExternals, maxChainLayers, hookMillis, notices);
  }

  /** The same with another limit for the length of chains. */
  public HomeOptions withMaxChainLayers(int layers) {
    return new HomeOptions(directory, command, externals, layers, hookMillis, notices);
  }

  /** The same with another limit for hooks that let writers go, in milliseconds, at least 1. */
  public HomeOptions withHookMillis(long millis) {
    return new HomeOptions(directory, command, externals, maxChainLayers, millis, notices);
  }

  /** The same with somebody to tell, on any thread, what opening a home waits for. */
  public HomeOptions withNotices(Consumer<String> newNotices) {
    return new HomeOptions(directory, command, externals, maxChainLayers, hookMillis, newNotices);
  }
}
