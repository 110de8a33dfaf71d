package io.github.qcow4j.qcow2.testing;

import java.util.List;
import java.util.stream.Stream;

/**
 * Images made from recipes and what QEMU says to them, kept until the JVM ends, or the build:
 * whoever asks second does not wait.
 *
 * <p>Tests share the images: read them, never write to them or beside them; {@link
 * ImageRecipe#build} makes one of your own. Safe for use by several threads.
 */
public final class ImageShelf {

  private final Ahead<ImageRecipe, QemuVerdicts> images;

  private ImageShelf(SharedImages place) {
    this.images =
        new Ahead<>(
            "shelf-",
            recipe ->
                new QemuVerdicts(
                    recipe.name(),
                    place.once(recipe.name(), () -> recipe.build(place.root())),
                    recipe.name().startsWith("loop-"),
                    place));
  }

  /**
   * The shelf of this JVM. Skips the calling test where the tools are missing (fails with {@code
   * CI=true}).
   */
  public static ImageShelf shared() {
    QemuTools.require();
    return Shared.SHELF;
  }

  /** The image of that recipe with QEMU's verdicts. */
  public QemuVerdicts verdicts(ImageRecipe recipe) {
    return images.get(recipe);
  }

  /**
   * The images of those recipes with QEMU's verdicts, in their order, made in the background ahead
   * of the reader.
   *
   * @param probes what QEMU is asked ahead too; all else when it is wanted
   */
  public Stream<QemuVerdicts> verdicts(List<ImageRecipe> recipes, Probe... probes) {
    return images.stream(
        recipes,
        verdicts -> {
          for (Probe probe : probes) {
            ToolRun _ = verdicts.of(probe);
          }
        });
  }

  private static final class Shared {

    static final ImageShelf SHELF = make();

    private static ImageShelf make() {
      SharedImages place = SharedImages.of("shelf");
      ImageShelf shelf = new ImageShelf(place);
      place.endWith(shelf.images);
      return shelf;
    }
  }
}
