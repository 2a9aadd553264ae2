"""The words of the marketplace: its category tree, brands, and what titles, descriptions and queries are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.schema import CATEGORY_SEPARATOR


@dataclass(frozen=True)
class Leaf:
    """A category that holds items. `period` is the days between repeat purchases, 0 where nothing is bought again."""

    department: str
    path: str
    period: int
    price: float
    words: tuple[str, ...]
    chinese: tuple[str, ...]
    new: bool = False


def _leaf(department: str, group: str, name: str, period: int, price: float, words: str, chinese: str) -> Leaf:
    path = CATEGORY_SEPARATOR.join((department, group, name.rstrip("*")))
    return Leaf(department, path, period, price, tuple(words.split("|")), tuple(chinese.split("|")), name.endswith("*"))


LEAVES: tuple[Leaf, ...] = tuple(
    _leaf(*row)
    for row in (
        ("fashion", "women", "dresses", 0, 60, "summer dress|evening dress|linen dress", "连衣裙|晚礼服"),
        ("fashion", "women", "blouses", 0, 35, "silk blouse|cotton blouse", "衬衫|雪纺上衣"),
        ("fashion", "shoes", "sneakers", 0, 80, "running sneakers|white sneakers", "运动鞋|小白鞋"),
        ("fashion", "shoes", "boots", 0, 110, "leather boots|ankle boots", "皮靴|短靴"),
        ("fashion", "accessories", "bags", 0, 90, "shoulder bag|canvas tote", "手提包|帆布包"),
        ("fashion", "accessories", "jewellery", 0, 45, "silver necklace|pearl earrings", "项链|珍珠耳环"),
        ("electronics", "phones", "smartphones", 0, 480, "smartphone|folding phone", "智能手机|折叠屏手机"),
        ("electronics", "phones", "phone accessories", 60, 18, "phone case|charging cable", "手机壳|充电线"),
        ("electronics", "audio", "headphones", 0, 95, "wireless headphones|earbuds", "无线耳机|蓝牙耳机"),
        ("electronics", "audio", "speakers", 0, 120, "smart speaker|portable speaker", "智能音箱|便携音响"),
        ("electronics", "computing", "laptops", 0, 890, "thin laptop|gaming laptop", "轻薄本|游戏本"),
        ("electronics", "computing", "cameras", 0, 560, "mirrorless camera|action camera", "微单相机|运动相机"),
        ("electronics", "wearables", "smart rings*", 0, 190, "smart ring|health ring", "智能戒指|健康戒指"),
        ("travel", "guides", "city guides", 0, 18, "city guide|walking map", "城市指南|步行地图"),
        ("travel", "guides", "phrase books", 0, 12, "phrase book|language cards", "会话手册|语言卡片"),
        ("travel", "luggage", "suitcases", 0, 130, "cabin suitcase|hard suitcase", "登机箱|行李箱"),
        ("travel", "luggage", "travel organisers", 0, 22, "packing cubes|passport wallet", "收纳袋|护照夹"),
        ("travel", "trips", "weekend trips", 0, 210, "weekend by the sea|mountain weekend", "海边周末|山间周末"),
        ("food", "pantry", "coffee", 14, 11, "roasted coffee beans|ground coffee", "咖啡豆|研磨咖啡"),
        ("food", "pantry", "tea", 21, 9, "green tea|jasmine tea", "绿茶|茉莉花茶"),
        ("food", "pantry", "noodles", 10, 5, "wheat noodles|rice noodles", "挂面|米粉"),
        ("food", "fresh", "fruit", 7, 6, "box of apples|sweet oranges", "苹果礼盒|甜橙"),
        ("food", "fresh", "cheese", 14, 8, "mountain cheese|goat cheese", "高山奶酪|山羊奶酪"),
        ("food", "cookbooks", "recipes", 0, 24, "book of soups|baking book", "汤谱|烘焙书"),
        ("food", "snacks", "plant snacks*", 10, 7, "seaweed crisps|roasted chickpeas", "海苔脆片|烤鹰嘴豆"),
        ("outdoors", "hiking", "backpacks", 0, 95, "hiking backpack|day pack", "登山包|双肩包"),
        ("outdoors", "hiking", "hiking poles", 0, 48, "folding poles|carbon poles", "登山杖|碳素手杖"),
        ("outdoors", "camping", "tents", 0, 180, "light tent|family tent", "轻量帐篷|家庭帐篷"),
        ("outdoors", "camping", "camp kitchen", 45, 28, "gas stove|gas cartridge", "便携炉|气罐"),
        ("outdoors", "cycling", "bicycle parts", 0, 36, "bicycle light|saddle", "车灯|车座"),
        ("home", "kitchen", "cookware", 0, 55, "iron pan|steel pot", "铸铁锅|不锈钢锅"),
        ("home", "kitchen", "tableware", 0, 25, "porcelain bowls|wooden spoons", "瓷碗|木勺"),
        ("home", "bedroom", "bedding", 0, 70, "cotton sheets|down pillow", "纯棉床单|羽绒枕"),
        ("home", "cleaning", "detergents", 28, 9, "laundry liquid|dish soap", "洗衣液|洗洁精"),
        ("beauty", "skin", "face cream", 42, 26, "day cream|night cream", "日霜|晚霜"),
        ("beauty", "skin", "sunscreen", 35, 17, "sun milk|mineral sunscreen", "防晒乳|物理防晒霜"),
        ("beauty", "hair", "shampoo", 30, 10, "herbal shampoo|mild shampoo", "草本洗发水|温和洗发水"),
        ("beauty", "make-up", "lipstick", 0, 19, "red lipstick|matte lipstick", "口红|哑光唇膏"),
        ("children", "toys", "building sets", 0, 40, "wooden blocks|castle set", "积木|城堡拼装"),
        ("children", "baby", "nappies", 14, 21, "soft nappies|night nappies", "纸尿裤|夜用尿裤"),
        ("children", "books", "picture books", 0, 14, "picture book|bedtime stories", "绘本|睡前故事"),
        ("pets", "dogs", "dog food", 21, 32, "dry dog food|salmon dog food", "狗粮|三文鱼狗粮"),
        ("pets", "cats", "cat litter", 18, 13, "wood litter|clay litter", "木质猫砂|膨润土猫砂"),
    )
)

DEPARTMENTS: tuple[str, ...] = tuple(dict.fromkeys(leaf.department for leaf in LEAVES))
DEPARTMENT_OF = np.array([DEPARTMENTS.index(leaf.department) for leaf in LEAVES])
BRANDS_EACH = 8
"""How many brands a department has."""

_FIRST = ("Al", "Bor", "Cal", "Dun", "Esk", "Fen", "Gar", "Hol", "Ilm", "Jor")
_SECOND = ("mara", "vento", "lise", "rick", "sona", "tiva", "wood", "zen")
BRANDS: tuple[str, ...] = tuple(first + second for first in _FIRST[: len(DEPARTMENTS)] for second in _SECOND)

ADJECTIVES = ("Light", "Classic", "Everyday", "Handmade", "Compact", "Soft", "Bright", "Sturdy", "Natural", "Fine")
ADJECTIVES_CHINESE = ("轻便", "经典", "日常", "手工", "小巧", "柔软", "亮色", "耐用", "天然", "精选")
PRAISE = (
    "A dependable choice for every day.",
    "Made with care and easy to live with.",
    "Liked for its quiet design.",
    "Good value, and it lasts.",
)
PRAISE_CHINESE = ("每天都用得上。", "做工细致，使用方便。", "设计简洁，深受喜爱。", "物美价廉，经久耐用。")
QUERY_FORMS = ("{0}", "cheap {0}", "best {0}", "{0} gift", "{1}", "{1} 推荐")


def queries() -> list[str]:
    """Every query, six to a leaf in the order of LEAVES."""
    return [form.format(leaf.words[0], leaf.chinese[0]) for leaf in LEAVES for form in QUERY_FORMS]


AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
GENDERS = ("female", "male")
INCOME_BANDS = ("lowest", "low", "middle", "high", "highest")
OCCUPATIONS = ("student", "office", "trade", "health", "teaching", "service", "retired", "self-employed")
HOUSEHOLDS = ("single", "couple", "family", "shared")
