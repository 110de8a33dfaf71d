package io.github.qcow4j.cli.option;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The values of {@code --object}: things that images may need besides files. Secrets are held
 * against their rules and remembered by name; nothing here reads or uses one. Used by one command,
 * by its thread.
 */
public final class ObjectOption {

  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z][-A-Za-z0-9._]*");

  private static final Set<String> SECRET_KEYS =
      Set.of("qom-type", "id", "data", "file", "format", "keyid", "iv");

  /** Objects that belong to connections; nothing here makes one. */
  private static final Set<String> UNUSED_TYPES =
      Set.of(
          "authz-list",
          "authz-list-file",
          "authz-pam",
          "authz-simple",
          "tls-creds-anon",
          "tls-creds-psk",
          "tls-creds-x509");

  private final Set<String> names = new HashSet<>();

  /** Takes the value of one option. */
  public void add(String text) throws UsageException {
    Map<String, String> properties = text.startsWith("{") ? json(text) : properties(text);
    String type = properties.get("qom-type");
    refuseIf(type == null, "Parameter 'qom-type' is missing");
    boolean secret = "secret".equals(type);
    refuseIf(
        !secret && !UNUSED_TYPES.contains(type),
        "Parameter 'qom-type' does not accept value '" + type + "'");
    String id = properties.get("id");
    refuseIf(id == null, "Parameter 'id' is missing");
    if (id == null || !IDENTIFIER.matcher(id).matches()) {
      throw UsageException.wrongValue(
          "Parameter 'id' expects an identifier",
          "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.");
    }
    if (secret) {
      checkSecret(properties);
    }
    refuseIf(
        !names.add(id),
        "attempt to add duplicate property '" + id + "' to object (type 'container')");
  }

  private static Map<String, String> json(String text) throws UsageException {
    Map<String, String> properties = new LinkedHashMap<>();
    JsonOptions.flatten(text).forEach((key, value) -> properties.put(key, value.text()));
    return properties;
  }

  private void checkSecret(Map<String, String> properties) throws UsageException {
    for (String key : properties.keySet()) {
      refuseIf(!SECRET_KEYS.contains(key), "Parameter '" + key + "' is unexpected");
    }
    String format = properties.get("format");
    refuseIf(
        format != null && !format.equals("raw") && !format.equals("base64"),
        "Parameter 'format' does not accept value '" + format + "'");
    boolean data = properties.containsKey("data");
    boolean file = properties.containsKey("file");
    refuseIf(data && file, "'file' and 'data' are mutually exclusive");
    refuseIf(!data && !file, "Either 'file' or 'data' must be provided");
    String key = properties.get("keyid");
    refuseIf(key != null && !names.contains(key), "No secret with id '" + key + "'");
  }

  private static Map<String, String> properties(String text) throws UsageException {
    Map<String, String> properties = new LinkedHashMap<>();
    StringBuilder item = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean comma = c == ',';
      if (comma && i + 1 < text.length() && text.charAt(i + 1) == ',' && item.indexOf("=") >= 0) {
        item.append(c);
        i++;
      } else if (comma) {
        add(properties, item.toString());
        item.setLength(0);
      } else {
        item.append(c);
      }
    }
    if (!item.isEmpty() || text.endsWith(",")) {
      add(properties, item.toString());
    }
    return properties;
  }

  private static void add(Map<String, String> properties, String item) throws UsageException {
    int equals = item.indexOf('=');
    String key = equals < 0 ? item : item.substring(0, equals);
    refuseIf(key.isEmpty(), "Invalid parameter ''");
    if (equals >= 0) {
      properties.put(key, item.substring(equals + 1));
    } else {
      refuseIf(!properties.isEmpty(), "Expected '=' after parameter '" + key + "'");
      properties.put("qom-type", key);
    }
  }

  private static void refuseIf(boolean condition, @Nullable String message) throws UsageException {
    if (condition) {
      throw UsageException.wrongValue(String.valueOf(message));
    }
  }
}
