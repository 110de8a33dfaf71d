package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * How to make one hand-picked image.
 *
 * @param name short name, unique in its table, usable as a file name
 * @param meaning what is special about it, in one sentence
 * @param steps makes it on a bench and returns its path
 */
public record ImageRecipe(String name, String meaning, Function<Workbench, Path> steps) {

  /**
   * Makes the image in a new folder of its name below {@code directory}; returns the path of the
   * image to open.
   */
  public Path build(Path directory) {
    try {
      Path folder = Files.createDirectories(directory.resolve(name)).toRealPath();
      Path image = steps.apply(Workbench.in(folder));
      SettledFiles.settle(folder);
      return image;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Tables make their recipes anew each time; the name says which one it is. */
  @Override
  public boolean equals(Object other) {
    return other instanceof ImageRecipe recipe && recipe.name.equals(name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name;
  }
}
