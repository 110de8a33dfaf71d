package io.github.qcow4j.snapshot;

import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import java.nio.file.Path;

/**
 * How to open a home.
 *
 * @param directory where it is; made when missing
 * @param command what this process does, for those who meet its leases
 * @param externals what images outside the home may lead to
 * @param maxChainLayers how many images the chain of a live disk may have before a snapshot
 *     shortens it, 2 and more
 */
public record HomeOptions(
    Path directory, String command, ReferencePolicy externals, int maxChainLayers) {

  /**
   * Each layer costs an open file and a look into its tables at every first read; from here on that
   * shows.
   */
  public static final int DEFAULT_MAX_CHAIN_LAYERS = 64;

  /** A home whose outside images may have backing files in their own directories. */
  public static HomeOptions of(Path directory) {
    return new HomeOptions(
        directory, "qcow4j", ReferencePolicy.sameDirectory(), DEFAULT_MAX_CHAIN_LAYERS);
  }

  public HomeOptions {
    if (maxChainLayers < 2) {
      throw new IllegalArgumentException("a chain of an overlay has two images and more");
    }
  }

  /** The same with another text for those who meet this process's leases. */
  public HomeOptions withCommand(String newCommand) {
    return new HomeOptions(directory, newCommand, externals, maxChainLayers);
  }

  /** The same with another decision about what images outside the home may lead to. */
  public HomeOptions withExternals(ReferencePolicy newExternals) {
    return new HomeOptions(directory, command, newExternals, maxChainLayers);
  }

  /** The same with another limit for the length of chains. */
  public HomeOptions withMaxChainLayers(int layers) {
    return new HomeOptions(directory, command, externals, layers);
  }
}
