"""Functions of KQL that this engine does not run, by the reason; one that is declared elsewhere is left out by itself."""

from __future__ import annotations

from kql.functions.registry import AGGREGATES, SCALARS, WINDOWS

_ABSENT = {
    "it asks a cluster about itself": """
        cluster current_cluster_endpoint current_cursor current_database current_node_id current_principal
        current_principal_details current_principal_is_member_of cursor cursor_after cursor_before_or_at database entity_group
        estimate_data_size extent_id extent_tags extentid external_table has_any_index materialized_view row_id
        rowstore_ordinal_range stored_query_result""",
    "geography is not built": """
        geo_angle geo_azimuth geo_closest_point_on_line geo_closest_point_on_polygon geo_distance_point_to_line
        geo_distance_point_to_polygon geo_from_wkt geo_geohash_neighbors geo_geohash_to_central_point
        geo_geohash_to_polygon geo_h3cell_children geo_h3cell_level geo_h3cell_neighbors geo_h3cell_parent
        geo_h3cell_rings geo_h3cell_to_central_point geo_h3cell_to_polygon geo_intersection_2lines
        geo_intersection_2polygons geo_intersection_line_with_polygon geo_intersects_2lines geo_intersects_2polygons
        geo_intersects_line_with_polygon geo_line_buffer geo_line_centroid geo_line_densify geo_line_interpolate_point
        geo_line_length geo_line_locate_point geo_line_simplify geo_line_to_s2cells geo_point_buffer
        geo_point_in_polygon geo_point_to_geohash geo_point_to_h3cell geo_point_to_s2cell geo_polygon_area
        geo_polygon_buffer geo_polygon_centroid geo_polygon_densify geo_polygon_perimeter geo_polygon_simplify
        geo_polygon_to_h3cells geo_polygon_to_s2cells geo_s2cell_neighbors geo_s2cell_to_central_point
        geo_s2cell_to_polygon geo_simplify_polygons_array geo_union_lines_array geo_union_polygons_array""",
    "graphs are not built": "all any graph inner_nodes labels map node_degree_in node_degree_out node_id",
    "its method is not documented": """
        hash_combine hash_many hll_isvalid tdigest_isvalid""",
    "its numbers have more digits than decimals here": "parse_version",
    "it is not built": """
        around array_strcat assert bag_pack_columns base64_decode_toarray base64_decode_toguid base64_encode_fromarray
        base64_encode_fromguid beta_cdf beta_inv beta_pdf bin_auto bitset_count_ones buildschema column_names_of convert_angle
        convert_energy convert_force convert_length convert_mass convert_speed convert_temperature convert_volume
        datetime_list_timezones datetime_local_to_utc datetime_utc_to_local dynamic_to_json erf erfc format_bytes format_ipv4
        format_ipv4_mask gamma gzip_compress_to_base64_string gzip_decompress_from_base64_string hash_xxhash64
        ipv4_range_to_cidr_list ipv6_compare ipv6_is_in_any_range ipv6_is_in_range ipv6_is_match isascii isutf8 loggamma
        make_string percentiles percentilesw percentilew punycode_domain_to_string punycode_from_string punycode_to_string rand
        replace_strings row_rank_dense row_rank_min series_cosine_similarity series_decompose_forecast
        series_dot_product series_fft series_fit_poly series_ifft series_magnitude series_pearson_correlation
        series_periods_detect series_periods_validate series_product series_seasonal series_sum to_utf8 treepath
        unicode_codepoints_to_string welch_test zlib_compress_to_base64_string zlib_decompress_from_base64_string""",
}


def absent() -> dict[str, str]:
    """Name -> reason, for the functions that are not declared."""
    declared = {*SCALARS, *AGGREGATES, *WINDOWS}
    return {name: reason for reason, names in _ABSENT.items() for name in names.split() if name not in declared}
