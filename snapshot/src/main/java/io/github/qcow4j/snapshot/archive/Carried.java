package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNull;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import io.github.qcow4j.snapshot.transfer.TransferException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a box carries of the archive that it came in, and gives to those that it goes out in. As a
 * text these are the options; a member of a name that BoxLite does not use has the image beside
 * them.
 *
 * @param image what the box was made of, as BoxLite names images; may be empty
 * @param options the box's options, or null for none, which is not the same as no option to BoxLite
 */
public record Carried(String image, @Nullable JsonObject options) {

  private static final String MANIFEST = "qcow4j_manifest";
  private static final String IMAGE = "image";
  private static final String OPTIONS = "box_options";

  /** Of a manifest; options that pretend to have the image with them do not. */
  public static Carried of(Manifest manifest) {
    JsonObject options = manifest.boxOptions();
    return new Carried(manifest.image(), options == null ? null : without(options));
  }

  /**
   * Of the text that a box carries.
   *
   * @throws TransferException when it is no JSON object
   */
  public static Carried read(@Nullable String text) throws TransferException {
    if (text == null) {
      return new Carried("", null);
    }
    JsonObject all =
        JsonText.readObject(text.getBytes(StandardCharsets.UTF_8), "options of the box");
    if (all.get(MANIFEST) instanceof JsonObject manifest
        && manifest.get(IMAGE) instanceof JsonString(String image)) {
      return new Carried(image, manifest.members().containsKey(OPTIONS) ? null : without(all));
    }
    return new Carried("", all);
  }

  /** The text for a box to carry, or null when there is nothing. */
  public @Nullable String text() {
    JsonObject all = image.isEmpty() ? options : withImage();
    return all == null ? null : new String(JsonText.write(all), StandardCharsets.UTF_8);
  }

  private JsonObject withImage() {
    Map<String, JsonValue> manifest = new LinkedHashMap<>();
    manifest.put(IMAGE, new JsonString(image));
    if (options == null) {
      manifest.put(OPTIONS, JsonNull.NULL);
    }
    Map<String, JsonValue> all =
        options == null ? new LinkedHashMap<>() : new LinkedHashMap<>(options.members());
    all.put(MANIFEST, new JsonObject(manifest));
    return new JsonObject(all);
  }

  private static JsonObject without(JsonObject options) {
    Map<String, JsonValue> kept = new LinkedHashMap<>(options.members());
    kept.remove(MANIFEST);
    return new JsonObject(kept);
  }
}
